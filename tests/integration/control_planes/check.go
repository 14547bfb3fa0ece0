package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pkg/config/crd"
	"istio.io/istio/pkg/test/util/yml"
)

// check prints one line a document: `ok`, `refused` with the reason, or `unknown` where no CRD has its kind.
func check(arguments []string) error {
	flags := flag.NewFlagSet("check", flag.ExitOnError)
	files := flags.String("crds", "", "files of CRDs, with commas between them")
	_ = flags.Parse(arguments)

	validator, err := crd.NewValidatorFromFiles(strings.Split(*files, ",")...)
	if err != nil {
		return err
	}
	refused := 0
	for _, file := range flags.Args() {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, document := range yml.SplitString(string(text)) {
			object := &unstructured.Unstructured{}
			if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if len(object.Object) == 0 {
				continue
			}
			name := fmt.Sprintf("%s\t%s\t%s", file, object.GetKind(), object.GetName())
			switch err := validator.ValidateCustomResource(object); {
			case err == nil:
				fmt.Printf("ok\t%s\n", name)
			case strings.Contains(err.Error(), "failed to validate type"):
				fmt.Printf("unknown\t%s\n", name)
			default:
				refused++
				fmt.Printf("refused\t%s\t%s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
			}
		}
	}
	if refused > 0 {
		return errors.New("documents were refused")
	}
	return nil
}
