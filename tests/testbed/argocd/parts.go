package main

// The published servers. Each sets up signal handling and reads its environment when the
// process starts, which is why `up` runs them as children and not as goroutines.

import (
	applicationcontroller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	applicationset "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/util/log"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

func applicationController() int { return runCommand(applicationcontroller.NewCommand()) }

func applicationSetController() int { return runCommand(applicationset.NewCommand()) }

func cmpServer() int { return runCommand(cmpserver.NewCommand()) }

func repoServer() int { return runCommand(reposerver.NewCommand()) }

// runCommand runs a server to its end, with the log of the Kubernetes libraries in its
// own log as in the published binary.
func runCommand(command *cobra.Command) int {
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
	if err := command.Execute(); err != nil {
		// The command has said what was wrong.
		return 1
	}
	return 0
}
