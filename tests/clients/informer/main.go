// A client-go program as others write them: typed and dynamic clients, informers, leader election, events.
//
//	informer KUBECONFIG operations   tries each operation once; a line of JSON for each
//	informer KUBECONFIG watch        informers; for each line on stdin a line of JSON with what their caches hold
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const namespace = "default"

type clients struct {
	typed   *kubernetes.Clientset
	dynamic dynamic.Interface
}

// The typed client sends protobuf, and prefers to get it, as controller-runtime makes it.
func connect(kubeconfig string) (clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return clients{}, err
	}
	config.QPS, config.Burst = 1000, 1000
	binary := rest.CopyConfig(config)
	binary.ContentType = "application/vnd.kubernetes.protobuf"
	binary.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	typed, err := kubernetes.NewForConfig(binary)
	if err != nil {
		return clients{}, err
	}
	untyped, err := dynamic.NewForConfig(config)
	return clients{typed, untyped}, err
}

func print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: informer KUBECONFIG operations|watch")
		os.Exit(2)
	}
	all, err := connect(os.Args[1])
	if err == nil {
		switch os.Args[2] {
		case "operations":
			tryAll(all)
		case "watch":
			err = watchUntilEnd(all)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
