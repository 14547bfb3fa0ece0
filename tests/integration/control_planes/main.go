// Command istio-discovery is Istio's discovery server without Kubernetes, and the judge of manifests.
//
//	istio-discovery serve -objects FILE -configs FILE [-mesh FILE] -listen ADDRESS
//	istio-discovery check -crds FILE[,FILE...] MANIFEST...
//
// `serve` runs the server that Istio's own tests run: its real controllers and generators on a clientset in memory, and
// its real xDS on a socket, in plain text. When the file of configs changes, what it names is put in the store as
// `kubectl apply` would. `check` reads each document by the schema and the CEL rules of its CRD.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	var err error
	switch os.Args[1] {
	case "serve":
		err = serve(os.Args[2:])
	case "check":
		err = check(os.Args[2:])
	default:
		usage()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "istio-discovery: %v\n", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: istio-discovery serve -objects FILE -configs FILE [-mesh FILE] -listen ADDRESS")
	fmt.Fprintln(os.Stderr, "       istio-discovery check -crds FILE[,FILE...] MANIFEST...")
	os.Exit(2)
}
