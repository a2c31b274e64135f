package main

// A fake kubelet: one node with large capacity that reports every pod as running. It executes nothing; `kubectl logs` and
// `kubectl exec` do not work. Quotas are counted, Deployments become available, Jobs complete and the pods of a deleted
// namespace are deleted.

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const nodeName = "testbed"

// resyncInterval is the interval of the resync, which retries failed calls.
const resyncInterval = 2 * time.Second

func kubelet() int {
	flags := flag.NewFlagSet("kubelet", flag.ExitOnError)
	path := flags.String("kubeconfig", "", "the cluster to be a node of")
	_ = flags.Parse(os.Args[1:])
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := runKubelet(ctx, *path); err != nil {
		fmt.Fprintf(os.Stderr, "eod-testbed kubelet: %v\n", err)
		return 1
	}
	return 0
}

func runKubelet(ctx context.Context, path string) error {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return err
	}
	// The default of five calls a second is too slow for tests with many pods.
	config.QPS, config.Burst = 500, 1000
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if err := register(ctx, client); err != nil {
		return fmt.Errorf("cannot register the node: %w", err)
	}
	kubelet := pretender{client: client}
	pods := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "pods", metav1.NamespaceAll,
		fields.OneTermEqualSelector("spec.nodeName", nodeName))
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: pods,
		ObjectType:    &v1.Pod{},
		ResyncPeriod:  resyncInterval,
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(pod any) { kubelet.look(ctx, pod.(*v1.Pod)) },
			UpdateFunc: func(_, pod any) { kubelet.look(ctx, pod.(*v1.Pod)) },
		},
	})
	informer.RunWithContext(ctx)
	return nil
}

// register creates the node if it does not exist and removes its not-ready taint, because the controller for that is
// disabled.
func register(ctx context.Context, client *kubernetes.Clientset) error {
	room := v1.ResourceList{
		v1.ResourceCPU:              resource.MustParse("1000"),
		v1.ResourceMemory:           resource.MustParse("4Ti"),
		v1.ResourceEphemeralStorage: resource.MustParse("4Ti"),
		v1.ResourcePods:             resource.MustParse("10000"),
	}
	node := &v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{
			v1.LabelHostname: nodeName, v1.LabelOSStable: "linux", v1.LabelArchStable: "amd64",
		}},
		Status: v1.NodeStatus{
			Capacity:    room,
			Allocatable: room,
			Conditions:  []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue, Reason: "Testbed"}},
		},
	}
	_, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	_, err = client.CoreV1().Nodes().Patch(ctx, nodeName, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{})
	return err
}

// pretender reports pod states to the API server.
type pretender struct {
	client *kubernetes.Clientset
	count  atomic.Uint32
}

// look updates one pod. Failures are logged; the resync retries.
func (p *pretender) look(ctx context.Context, pod *v1.Pod) {
	var err error
	switch {
	case pod.DeletionTimestamp != nil:
		err = p.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: new(int64),
			Preconditions:      metav1.NewUIDPreconditions(string(pod.UID)),
		})
	case pod.Status.Phase == v1.PodPending:
		err = p.pretend(ctx, pod)
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		fmt.Fprintf(os.Stderr, "pod %s/%s: %v\n", pod.Namespace, pod.Name, err)
	}
}

// pretend reports a pod as running, or as succeeded if its restart policy is not Always.
func (p *pretender) pretend(ctx context.Context, pod *v1.Pod) error {
	now := metav1.Now()
	phase, state, ready := v1.PodRunning, v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: now}}, v1.ConditionTrue
	if pod.Spec.RestartPolicy != v1.RestartPolicyAlways {
		phase, ready = v1.PodSucceeded, v1.ConditionFalse
		state = v1.ContainerState{Terminated: &v1.ContainerStateTerminated{Reason: "Completed", StartedAt: now, FinishedAt: now}}
	}
	number := p.count.Add(1)
	address := fmt.Sprintf("10.%d.%d.%d", 128+number>>16&63, number>>8&255, number&255)
	status := v1.PodStatus{Phase: phase, StartTime: &now, HostIP: "127.0.0.1", PodIP: address, PodIPs: []v1.PodIP{{IP: address}}}
	for _, kind := range []v1.PodConditionType{v1.PodInitialized, v1.PodReadyToStartContainers} {
		status.Conditions = append(status.Conditions, v1.PodCondition{Type: kind, Status: v1.ConditionTrue, LastTransitionTime: now})
	}
	for _, kind := range []v1.PodConditionType{v1.PodReady, v1.ContainersReady} {
		status.Conditions = append(status.Conditions, v1.PodCondition{Type: kind, Status: ready, LastTransitionTime: now})
	}
	for _, container := range pod.Spec.Containers {
		running := state.Running != nil
		status.ContainerStatuses = append(status.ContainerStatuses, v1.ContainerStatus{
			Name: container.Name, Image: container.Image, State: state, Ready: running, Started: &running,
		})
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": status})
	if err != nil {
		return err
	}
	_, err = p.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}
