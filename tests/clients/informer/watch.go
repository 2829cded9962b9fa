package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

const syncTimeout = 20 * time.Second

var gatewayKinds = []string{"gateways", "grpcroutes", "httproutes"}

// What the handlers of an informer were told, counted.
type counts struct {
	Added   int `json:"added"`
	Updated int `json:"updated"`
	Deleted int `json:"deleted"`
}

type seen struct {
	lock      sync.Mutex
	informers map[string]cache.SharedIndexInformer
	counts    map[string]*counts
}

func (s *seen) follow(name string, informer cache.SharedIndexInformer) error {
	s.informers[name], s.counts[name] = informer, &counts{}
	count := func(field *int) {
		s.lock.Lock()
		defer s.lock.Unlock()
		*field++
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { count(&s.counts[name].Added) },
		UpdateFunc: func(any, any) { count(&s.counts[name].Updated) },
		DeleteFunc: func(any) { count(&s.counts[name].Deleted) },
	})
	return err
}

type state struct {
	Objects map[string]map[string]string `json:"objects"` // by resource and key: the version
	Told    map[string]counts            `json:"told"`
}

func (s *seen) state() (state, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	now := state{map[string]map[string]string{}, map[string]counts{}}
	for name, informer := range s.informers {
		now.Objects[name] = map[string]string{}
		for _, each := range informer.GetStore().List() {
			object, err := meta.Accessor(each)
			if err != nil {
				return now, err
			}
			now.Objects[name][object.GetNamespace()+"/"+object.GetName()] = object.GetResourceVersion()
		}
		now.Told[name] = *s.counts[name]
	}
	return now, nil
}

func watchUntilEnd(all clients) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	typed := informers.NewSharedInformerFactory(all.typed, 0)
	untyped := dynamicinformer.NewDynamicSharedInformerFactory(all.dynamic, 0)
	found := &seen{informers: map[string]cache.SharedIndexInformer{}, counts: map[string]*counts{}}
	byName := map[string]cache.SharedIndexInformer{
		"configmaps": typed.Core().V1().ConfigMaps().Informer(),
		"pods":       typed.Core().V1().Pods().Informer(),
		"services":   typed.Core().V1().Services().Informer(),
	}
	for _, plural := range gatewayKinds {
		resource := schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: plural}
		byName[plural] = untyped.ForResource(resource).Informer()
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if err := found.follow(name, byName[name]); err != nil {
			return err
		}
	}
	typed.Start(ctx.Done())
	untyped.Start(ctx.Done())
	syncing, done := context.WithTimeout(ctx, syncTimeout)
	defer done()
	for name, informer := range byName {
		if !cache.WaitForCacheSync(syncing.Done(), informer.HasSynced) {
			return fmt.Errorf("%s: not synced in %s", name, syncTimeout)
		}
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		now, err := found.state()
		if err != nil {
			return err
		}
		print(now)
	}
	return nil
}
