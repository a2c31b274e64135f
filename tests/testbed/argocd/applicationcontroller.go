package main

// The controller of Applications, built here and not by its published command, which binds its metrics to all addresses
// without an option for another one. The components and their settings are the published ones.

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	commits "github.com/argoproj/argo-cd/v3/commitserver/apiclient"
	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/controller"
	"github.com/argoproj/argo-cd/v3/controller/sharding"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/pkg/client/clientset/versioned"
	"github.com/argoproj/argo-cd/v3/pkg/ratelimiter"
	"github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/argo"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/argo-cd/v3/util/cache"
	"github.com/argoproj/argo-cd/v3/util/cache/appstate"
	"github.com/argoproj/argo-cd/v3/util/kube"
	argosettings "github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/argoproj/argo-cd/v3/util/tls"
	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// controllerSettings has the command line arguments.
type controllerSettings struct {
	kubeconfig string
	namespace  string
	repoServer string
	redis      string
	metrics    string
}

func applicationController() int {
	flags := flag.NewFlagSet("application-controller", flag.ExitOnError)
	var wanted controllerSettings
	flags.StringVar(&wanted.kubeconfig, "kubeconfig", "", "the cluster")
	flags.StringVar(&wanted.namespace, "namespace", "argocd", "where Applications are")
	flags.StringVar(&wanted.repoServer, "repo-server", "", "HOST:PORT of a repo-server without TLS")
	flags.StringVar(&wanted.redis, "redis", "", "HOST:PORT of the cache")
	flags.StringVar(&wanted.metrics, "metrics-address", "", "HOST:PORT for health and metrics")
	_ = flags.Parse(os.Args[1:])
	logLikePublished()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := controlApplications(ctx, wanted); err != nil {
		fmt.Fprintf(os.Stderr, "eod-argocd application-controller: %v\n", err)
		return 1
	}
	return 0
}

func controlApplications(ctx context.Context, wanted controllerSettings) error {
	config, err := clientcmd.BuildConfigFromFlags("", wanted.kubeconfig)
	if err != nil {
		return err
	}
	if err := v1alpha1.SetK8SConfigDefaults(config); err != nil {
		return err
	}
	made, err := newController(ctx, config, wanted)
	if err != nil {
		return err
	}
	made.GetMetricsServer().Addr = wanted.metrics
	// Run does not return when its context ends; only its workers stop.
	go made.Run(ctx, 20, 10, 1)
	<-ctx.Done()
	return nil
}

// newController uses the defaults of the published command.
func newController(ctx context.Context, config *rest.Config, wanted controllerSettings) (*controller.ApplicationController, error) {
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	applications, err := versioned.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	var made *controller.ApplicationController
	changed := func() { made.InvalidateProjectsCache() }
	manager := argosettings.NewSettingsManager(ctx, core, wanted.namespace, argosettings.WithRepoOrClusterChangedHandler(changed))
	shards, err := sharding.GetClusterSharding(core, manager, common.DefaultShardingAlgorithm, false)
	if err != nil {
		return nil, err
	}
	remembered := cache.NewCache(cache.NewTwoLevelClient(
		cache.NewRedisCache(redis.NewClient(&redis.Options{Addr: wanted.redis}), time.Hour, cache.RedisCompressionGZip),
		10*time.Minute,
	))
	const resync, jitter = 2 * time.Minute, time.Minute
	made, err = controller.NewApplicationController(
		wanted.namespace,
		manager,
		core,
		applications,
		apiclient.NewRepoServerClientset(wanted.repoServer, int(defaultDeadline.Seconds()), tls.Configuration{DisableTLS: true}),
		// Used only by the hydrator, which is disabled.
		commits.NewCommitServerClientset(common.DefaultCommitServerAddr),
		appstate.NewCache(remembered, time.Hour),
		kube.NewKubectl(),
		resync,
		0, // no periodic hard refresh
		jitter,
		0, // no minimum delay of self-healing
		&wait.Backoff{Duration: 2 * time.Second, Factor: 3, Cap: 5 * time.Minute},
		0, // no timeout of a synchronisation
		resync+jitter,
		0, // port; the whole address is set below
		0,
		nil,
		nil,
		nil,
		20, // parallel kubectl commands
		false,
		shards,
		nil,
		ratelimiter.GetDefaultAppRateLimiterConfig(),
		false, // no server-side diff
		false,
		normalizers.IgnoreNormalizerOpts{},
		argo.DefaultEnableEventList(),
		false, // no hydrator
	)
	return made, err
}
