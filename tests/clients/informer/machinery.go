package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/scheme"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/retry"
)

var machineryOperations = []operation{
	{"discovery", func(_ context.Context, all clients) error {
		_, lists, err := all.typed.Discovery().ServerGroupsAndResources()
		if err != nil {
			return err
		}
		for _, each := range lists {
			if each.GroupVersion == "gateway.networking.k8s.io/v1" {
				return nil
			}
		}
		return expect("group versions", lists, "gateway.networking.k8s.io/v1 among them")
	}},
	{"dynamic client", func(ctx context.Context, all clients) error {
		gateways := schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
		listener := map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"}
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "gateway.networking.k8s.io/v1",
			"kind":       "Gateway",
			"metadata":   map[string]any{"name": "g"},
			"spec":       map[string]any{"gatewayClassName": "gatelab", "listeners": []any{listener}},
		}}
		options := meta.ApplyOptions{FieldManager: "dynamic"}
		made, err := all.dynamic.Resource(gateways).Namespace(namespace).Apply(ctx, "g", object, options)
		if err != nil {
			return err
		}
		class, _, err := unstructured.NestedString(made.Object, "spec", "gatewayClassName")
		if err != nil {
			return err
		}
		return expect("class", class, "gatelab")
	}},
	{"retry on conflict", countTogether},
	{"leader election", electTwice},
	{"events", recordTwice},
	{"events.k8s.io", func(ctx context.Context, all clients) error {
		_, err := all.typed.EventsV1().Events(namespace).Create(ctx, &eventsv1.Event{
			ObjectMeta:          meta.ObjectMeta{Name: "new"},
			EventTime:           meta.NowMicro(),
			Regarding:           core.ObjectReference{Kind: "ConfigMap", Name: "a", Namespace: namespace},
			Reason:              "Seen",
			Action:              "Look",
			Type:                "Normal",
			ReportingController: "shop.test/eye",
			ReportingInstance:   "eye-1",
		}, meta.CreateOptions{})
		return err
	}},
	{"kinds that are not served", func(ctx context.Context, all clients) error {
		_, err := all.typed.BatchV1().Jobs(namespace).List(ctx, meta.ListOptions{})
		return err
	}},
}

// Five writers raise a number by ten each, each again when another was faster.
func countTogether(ctx context.Context, all clients) error {
	if _, err := configs(all).Create(ctx, config("count", map[string]string{"n": "0"}), meta.CreateOptions{}); err != nil {
		return err
	}
	often := wait.Backoff{Steps: 100, Duration: time.Millisecond, Factor: 1.2, Jitter: 0.5, Cap: 50 * time.Millisecond}
	failures := make(chan error, 5)
	var group sync.WaitGroup
	for range cap(failures) {
		group.Go(func() {
			for range 10 {
				if err := retry.RetryOnConflict(often, func() error { return raise(ctx, all) }); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return err
	}
	found, err := configs(all).Get(ctx, "count", meta.GetOptions{})
	if err != nil {
		return err
	}
	return expect("count", found.Data["n"], 50)
}

func raise(ctx context.Context, all clients) error {
	found, err := configs(all).Get(ctx, "count", meta.GetOptions{})
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(found.Data["n"])
	if err != nil {
		return err
	}
	found.Data["n"] = strconv.Itoa(n + 1)
	_, err = configs(all).Update(ctx, found, meta.UpdateOptions{})
	return err
}

// Two candidates, of which the second leads when the first lets go.
func electTwice(ctx context.Context, all clients) error {
	for _, name := range []string{"first", "second"} {
		if err := lead(ctx, all, name); err != nil {
			return err
		}
	}
	lease, err := all.typed.CoordinationV1().Leases(namespace).Get(ctx, "leader", meta.GetOptions{})
	if err != nil {
		return err
	}
	return expect("transitions", *lease.Spec.LeaseTransitions, 1)
}

func lead(ctx context.Context, all clients, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leading := false
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  meta.ObjectMeta{Name: "leader", Namespace: namespace},
			Client:     all.typed.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		ReleaseOnCancel: true,
		LeaseDuration:   3 * time.Second,
		RenewDeadline:   2 * time.Second,
		RetryPeriod:     200 * time.Millisecond,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { leading = true; cancel() },
			OnStoppedLeading: func() {},
		},
	})
	if !leading {
		return fmt.Errorf("UNEXPECTED: %s does not lead", name)
	}
	return nil
}

// One Event that is seen twice is one object, whose count a patch raises.
func recordTwice(ctx context.Context, all clients) error {
	about, err := configs(all).Get(ctx, "a", meta.GetOptions{})
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typed.EventSinkImpl{Interface: all.typed.CoreV1().Events("")})
	recorder := broadcaster.NewRecorder(scheme.Scheme, core.EventSource{Component: "eye"})
	recorder.Event(about, core.EventTypeNormal, "Seen", "it was seen")
	recorder.Event(about, core.EventTypeNormal, "Seen", "it was seen")
	selected := meta.ListOptions{FieldSelector: "involvedObject.name=a,reason=Seen"}
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		found, err := all.typed.CoreV1().Events(namespace).List(ctx, selected)
		return err == nil && len(found.Items) == 1 && found.Items[0].Count == 2, err
	})
}

func configs(all clients) typed.ConfigMapInterface {
	return all.typed.CoreV1().ConfigMaps(namespace)
}
