package main

// The two controllers: one creates Applications from ApplicationSets, the other applies Applications to the cluster. They
// start only if `up` has a cluster. The custom resource definitions and the namespace must exist.

import (
	"fmt"
	"net/http"
)

// controllerPorts has the ports of the controllers, which do not change at a restart.
type controllerPorts struct {
	application       int
	applicationSet    int
	applicationProbes int
	webhook           int
}

// applicationPart is the controller of Applications.
func (c *argocd) applicationPart() (part, error) {
	environment, err := c.controllerEnvironment("application-controller")
	return part{
		name: "application-controller",
		arguments: []string{
			"application-controller",
			"--kubeconfig=" + c.wanted.kubeconfig,
			"--namespace=" + c.wanted.namespace,
			"--repo-server=" + local(c.repoServer),
			"--redis=" + c.redis,
			"--metrics-address=" + local(c.ports.application),
		},
		log:         c.scratch.log("application-controller"),
		environment: environment,
		ready:       func() error { return healthy("http://" + local(c.ports.application) + "/healthz") },
	}, err
}

// applicationSetPart is the controller of ApplicationSets, with its webhook.
func (c *argocd) applicationSetPart() (part, error) {
	environment, err := c.controllerEnvironment("applicationset-controller")
	return part{
		name: "applicationset-controller",
		arguments: []string{
			"applicationset-controller",
			"--namespace=" + c.wanted.namespace,
			"--argocd-repo-server=" + local(c.repoServer),
			"--repo-server-plaintext",
			"--metrics-addr=" + local(c.ports.applicationSet),
			"--probe-addr=" + local(c.ports.applicationProbes),
			"--webhook-addr=" + local(c.ports.webhook),
		},
		log:         c.scratch.log("applicationset-controller"),
		environment: environment,
		ready:       c.applicationSetReady,
	}, err
}

// applicationSetReady checks the metrics, which start last, and the webhook.
func (c *argocd) applicationSetReady() error {
	if err := healthy("http://" + local(c.ports.applicationSet) + "/metrics"); err != nil {
		return err
	}
	answer, err := http.Get("http://" + local(c.ports.webhook) + "/")
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// controllerEnvironment sets KUBECONFIG, which one of the two controllers needs, and makes that cluster the `in-cluster`
// of Applications.
func (c *argocd) controllerEnvironment(name string) ([]string, error) {
	if c.wanted.kubeconfig == "" {
		return nil, fmt.Errorf("%s needs a cluster: start `up` with --kubeconfig and --namespace", name)
	}
	return c.scratch.environment(name, append([]string{
		"KUBECONFIG=" + c.wanted.kubeconfig,
		"ARGOCD_FAKE_IN_CLUSTER=true",
	}, c.wanted.environment...))
}
