package main

import (
	"context"
	"fmt"
	"io"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	applyapps "k8s.io/client-go/applyconfigurations/apps/v1"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/tools/pager"
)

type operation struct {
	name string
	try  func(context.Context, clients) error
}

type result struct {
	Operation string `json:"operation"`
	Error     string `json:"error"`
}

func tryAll(all clients) {
	for _, each := range slicesOf(objectOperations, changeOperations, machineryOperations) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		said := result{Operation: each.name}
		if err := each.try(ctx, all); err != nil {
			said.Error = err.Error()
		}
		cancel()
		print(said)
	}
}

func slicesOf(parts ...[]operation) []operation {
	var all []operation
	for _, each := range parts {
		all = append(all, each...)
	}
	return all
}

func expect(what string, found, wanted any) error {
	if fmt.Sprint(found) != fmt.Sprint(wanted) {
		return fmt.Errorf("UNEXPECTED %s: %v instead of %v", what, found, wanted)
	}
	return nil
}

func config(name string, data map[string]string) *core.ConfigMap {
	metadata := meta.ObjectMeta{Name: name, Labels: map[string]string{"app": name}}
	return &core.ConfigMap{ObjectMeta: metadata, Data: data}
}

func names(list *core.ConfigMapList) []string {
	var found []string
	for _, each := range list.Items {
		found = append(found, each.Name)
	}
	return found
}

var objectOperations = []operation{
	{"create", func(ctx context.Context, all clients) error {
		for _, name := range []string{"a", "b", "c"} {
			made, err := configs(all).Create(ctx, config(name, map[string]string{"k": "v"}), meta.CreateOptions{})
			if err != nil {
				return err
			}
			if err := expect("data", made.Data["k"], "v"); err != nil {
				return err
			}
		}
		return nil
	}},
	{"protobuf bodies", func(ctx context.Context, all clients) error {
		secret := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: "s"}, Data: map[string][]byte{"k": {0, 255, 10}}}
		made, err := all.typed.CoreV1().Secrets(namespace).Create(ctx, secret, meta.CreateOptions{})
		if err != nil {
			return err
		}
		return expect("data", made.Data["k"], []byte{0, 255, 10})
	}},
	{"get", func(ctx context.Context, all clients) error {
		found, err := configs(all).Get(ctx, "a", meta.GetOptions{})
		if err != nil {
			return err
		}
		return expect("kind", found.Labels["app"], "a")
	}},
	{"list", func(ctx context.Context, all clients) error { return listed(ctx, all, meta.ListOptions{}, "[a b c]") }},
	{"list in pieces", func(ctx context.Context, all clients) error {
		pieces := 0
		each := pager.New(func(ctx context.Context, options meta.ListOptions) (runtime.Object, error) {
			pieces++
			return configs(all).List(ctx, options)
		})
		each.PageSize = 2
		count := 0
		err := each.EachListItem(ctx, meta.ListOptions{}, func(runtime.Object) error { count++; return nil })
		if err != nil {
			return err
		}
		return expect("objects, pieces", []int{count, pieces}, []int{3, 2})
	}},
	{"list by labels and fields", func(ctx context.Context, all clients) error {
		if err := listed(ctx, all, meta.ListOptions{LabelSelector: "app in (a,b)"}, "[a b]"); err != nil {
			return err
		}
		return listed(ctx, all, meta.ListOptions{FieldSelector: "metadata.name=c"}, "[c]")
	}},
	{"log", func(ctx context.Context, all clients) error { return logged(ctx, all, &core.PodLogOptions{}) }},
	{"log, followed", func(ctx context.Context, all clients) error {
		return logged(ctx, all, &core.PodLogOptions{Follow: true})
	}},
}

func listed(ctx context.Context, all clients, options meta.ListOptions, wanted string) error {
	found, err := configs(all).List(ctx, options)
	if err != nil {
		return err
	}
	return expect("names", names(found), wanted)
}

func logged(ctx context.Context, all clients, options *core.PodLogOptions) error {
	stream, err := all.typed.CoreV1().Pods(namespace).GetLogs("p", options).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	if err != nil {
		return err
	}
	return expect("log", string(text), "one\ntwo\n")
}

var changeOperations = []operation{
	{"replace", func(ctx context.Context, all clients) error {
		found, err := configs(all).Get(ctx, "a", meta.GetOptions{})
		if err != nil {
			return err
		}
		found.Data["k"] = "w"
		_, err = configs(all).Update(ctx, found, meta.UpdateOptions{})
		return err
	}},
	{"replace, conflict", func(ctx context.Context, all clients) error {
		old, err := configs(all).Get(ctx, "a", meta.GetOptions{})
		if err != nil {
			return err
		}
		if err := patched(ctx, all, types.MergePatchType, `{"data":{"n":"1"}}`); err != nil {
			return err
		}
		_, err = configs(all).Update(ctx, old, meta.UpdateOptions{})
		return err
	}},
	{"patch, merge", func(ctx context.Context, all clients) error {
		return patched(ctx, all, types.MergePatchType, `{"data":{"n":null}}`)
	}},
	{"patch, JSON", func(ctx context.Context, all clients) error {
		return patched(ctx, all, types.JSONPatchType, `[{"op":"add","path":"/data/j","value":"1"}]`)
	}},
	{"patch, strategic", func(ctx context.Context, all clients) error {
		patch := []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"hello","tty":true}]}}}}`)
		found, err := all.typed.AppsV1().Deployments(namespace).Patch(
			ctx, "d", types.StrategicMergePatchType, patch, meta.PatchOptions{})
		if err != nil {
			return err
		}
		return expect("image", found.Spec.Template.Spec.Containers[0].Image, "hello:1")
	}},
	{"server-side apply", func(ctx context.Context, all clients) error { return applied(ctx, all, "v", "one") }},
	{"server-side apply, conflict", func(ctx context.Context, all clients) error { return applied(ctx, all, "w", "two") }},
	{"status", func(ctx context.Context, all clients) error {
		deployments := all.typed.AppsV1().Deployments(namespace)
		status := applyapps.Deployment("d", namespace).WithStatus(applyapps.DeploymentStatus().WithReplicas(3))
		found, err := deployments.ApplyStatus(ctx, status, meta.ApplyOptions{FieldManager: "status"})
		if err != nil {
			return err
		}
		found.Status.ReadyReplicas = 1
		found, err = deployments.UpdateStatus(ctx, found, meta.UpdateOptions{})
		if err != nil {
			return err
		}
		return expect("status", []int32{found.Status.Replicas, found.Status.ReadyReplicas}, []int32{3, 1})
	}},
	{"scale", func(ctx context.Context, all clients) error {
		deployments := all.typed.AppsV1().Deployments(namespace)
		found, err := deployments.GetScale(ctx, "d", meta.GetOptions{})
		if err != nil {
			return err
		}
		found.Spec.Replicas = 4
		found, err = deployments.UpdateScale(ctx, "d", found, meta.UpdateOptions{})
		if err != nil {
			return err
		}
		return expect("replicas", found.Spec.Replicas, 4)
	}},
	{"dry run", func(ctx context.Context, all clients) error {
		if _, err := configs(all).Create(ctx, config("dry", nil), meta.CreateOptions{DryRun: []string{"All"}}); err != nil {
			return err
		}
		return listed(ctx, all, meta.ListOptions{FieldSelector: "metadata.name=dry"}, "[]")
	}},
	{"delete with options", func(ctx context.Context, all clients) error {
		now, policy := int64(0), meta.DeletePropagationForeground
		options := meta.DeleteOptions{GracePeriodSeconds: &now, PropagationPolicy: &policy}
		if err := configs(all).Delete(ctx, "b", options); err != nil {
			return err
		}
		return listed(ctx, all, meta.ListOptions{LabelSelector: "app=b"}, "[]")
	}},
	{"delete a collection", func(ctx context.Context, all clients) error {
		options := meta.ListOptions{LabelSelector: "app=c"}
		if err := configs(all).DeleteCollection(ctx, meta.DeleteOptions{}, options); err != nil {
			return err
		}
		return listed(ctx, all, options, "[]")
	}},
}

func patched(ctx context.Context, all clients, kind types.PatchType, patch string) error {
	_, err := configs(all).Patch(ctx, "a", kind, []byte(patch), meta.PatchOptions{})
	return err
}

func applied(ctx context.Context, all clients, value, manager string) error {
	wanted := applycore.ConfigMap("applied", namespace).WithData(map[string]string{"k": value})
	_, err := configs(all).Apply(ctx, wanted, meta.ApplyOptions{FieldManager: manager})
	return err
}
