package main

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config/mesh"
)

// How often the file of configs is looked at.
const look = 50 * time.Millisecond

func serve(arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	objects := flags.String("objects", "", "file of Kubernetes objects: Gateway, HTTPRoute, Service, EndpointSlice")
	configs := flags.String("configs", "", "file of Istio's own kinds: WasmPlugin, DestinationRule, ServiceEntry")
	meshFile := flags.String("mesh", "", "file of the mesh's settings")
	listen := flags.String("listen", "127.0.0.1:15010", "address of xDS, in plain text")
	_ = flags.Parse(arguments)

	objectYAML, err := os.ReadFile(*objects)
	if err != nil {
		return err
	}
	configYAML, err := os.ReadFile(*configs)
	if err != nil {
		return err
	}
	// The server is written for tests and ends the one that it runs in; here that is the process.
	life := &process{}
	defer life.end()
	settings := mesh.DefaultMeshConfig()
	if *meshFile != "" {
		meshYAML, err := os.ReadFile(*meshFile)
		if err != nil {
			return err
		}
		if settings, err = mesh.ApplyMeshConfigDefaults(string(meshYAML)); err != nil {
			return err
		}
	}
	// A stock Envoy has no cluster for Istio's certificates.
	settings.EnableAutoMtls = wrapperspb.Bool(false)
	server := xds.NewFakeDiscoveryServer(life, xds.FakeOptions{
		KubernetesObjectString: string(objectYAML),
		ConfigString:           string(configYAML),
		MeshConfig:             settings,
		ListenerBuilder:        func() (net.Listener, error) { return net.Listen("tcp", *listen) },
	})
	server.EnsureSynced(life)
	fmt.Println("ready")

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(look):
			now, err := os.ReadFile(*configs)
			if err != nil || bytes.Equal(now, configYAML) {
				continue
			}
			configYAML = now
			if err := apply(server.Store(), string(now)); err != nil {
				fmt.Printf("refused: %v\n", err)
			} else {
				fmt.Println("applied")
			}
		}
	}
}

// apply creates or updates every config of the file; the others stay as they are.
func apply(store model.ConfigStoreController, text string) error {
	configs, _, err := crd.ParseInputs(text)
	if err != nil {
		return err
	}
	for _, config := range configs {
		if config.Namespace == "" {
			config.Namespace = "default"
		}
		if held := store.Get(config.GroupVersionKind, config.Name, config.Namespace); held != nil {
			config.ResourceVersion = held.ResourceVersion
			_, err = store.Update(config)
		} else {
			_, err = store.Create(config)
		}
		if err != nil {
			return fmt.Errorf("%s %s/%s: %w", config.GroupVersionKind.Kind, config.Namespace, config.Name, err)
		}
	}
	return nil
}
