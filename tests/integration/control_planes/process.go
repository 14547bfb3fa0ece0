package main

import (
	"fmt"
	"os"

	"istio.io/istio/pkg/test"
)

// process stands for the test that Istio's server expects to run in.
type process struct {
	cleanups []func()
	folders  []string
}

var _ test.Failer = &process{}

func (p *process) Fail()    { p.FailNow() }
func (p *process) FailNow() { p.end(); os.Exit(1) }

func (p *process) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	p.FailNow()
}

func (p *process) Fatalf(format string, args ...any) { p.Fatal(fmt.Sprintf(format, args...)) }
func (p *process) Log(args ...any)                   { fmt.Fprintln(os.Stderr, args...) }
func (p *process) Logf(format string, args ...any)   { p.Log(fmt.Sprintf(format, args...)) }
func (p *process) Skip(args ...any)                  { p.Fatal(args...) }
func (p *process) Helper()                           {}
func (p *process) Cleanup(cleanup func())            { p.cleanups = append(p.cleanups, cleanup) }

func (p *process) TempDir() string {
	folder, err := os.MkdirTemp("", "istio-discovery")
	if err != nil {
		p.Fatal(err)
	}
	p.folders = append(p.folders, folder)
	return folder
}

// end runs what was left for the end, the last first.
func (p *process) end() {
	for len(p.cleanups) > 0 {
		last := len(p.cleanups) - 1
		cleanup := p.cleanups[last]
		p.cleanups = p.cleanups[:last]
		cleanup()
	}
	for _, folder := range p.folders {
		_ = os.RemoveAll(folder)
	}
}
