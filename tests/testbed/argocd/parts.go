package main

// The published servers. Each sets up signal handling and reads its environment when the
// process starts, which is why `up` runs them as children and not as goroutines.

import (
	applicationset "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/util/log"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

func applicationSetController() int { return runCommand(applicationset.NewCommand()) }

func cmpServer() int { return runCommand(cmpserver.NewCommand()) }

func repoServer() int { return runCommand(reposerver.NewCommand()) }

// runCommand runs a server to its end.
func runCommand(command *cobra.Command) int {
	logLikePublished()
	if err := command.Execute(); err != nil {
		// The command has printed its error.
		return 1
	}
	return 0
}

// logLikePublished writes what the Kubernetes libraries log into the server's own log, as
// the published binary does.
func logLikePublished() { klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig())) }
