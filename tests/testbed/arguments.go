package main

// The command line of each published part. All run with the cluster's folder as
// working directory: a Unix socket's path is limited to about a hundred bytes, which
// an absolute path below a temporary folder can exceed.

import "net"

// auditPolicyFile is written by `up`.
const auditPolicyFile = "audit-policy.json"

// auditPolicy logs all calls of service accounts outside of kube-system, so that a test can prove that one of them has only read.
const auditPolicy = `{
  "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
  "rules": [
    {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
    {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
    {"level": "None"}
  ]
}
`

const etcdSocket = "unix://etcd.sock"

func etcdArguments() []string {
	return []string{
		"etcd",
		"--data-dir=etcd",
		// The data is temporary, so writes need not reach the disk.
		"--unsafe-no-fsync",
		"--log-level=warn",
		"--listen-client-urls=" + etcdSocket,
		"--listen-peer-urls=unix://peer.sock",
		// Unused, but a Unix address is an error here.
		"--advertise-client-urls=http://localhost:2379",
	}
}

func apiServerArguments(address string) []string {
	host, port, _ := net.SplitHostPort(address)
	return []string{
		"kube-apiserver",
		"--etcd-servers=" + etcdSocket,
		"--bind-address=" + host,
		"--advertise-address=" + host,
		"--secure-port=" + port,
		// It creates its certificate and key in this folder.
		"--cert-dir=.",
		"--token-auth-file=tokens.csv",
		"--authorization-mode=RBAC",
		// Without this a privileged pod is rejected before Pod Security is evaluated.
		"--allow-privileged",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=apiserver.key",
		"--service-account-signing-key-file=apiserver.key",
		"--service-cluster-ip-range=10.0.0.0/24",
		"--audit-policy-file=" + auditPolicyFile,
		"--audit-log-path=audit.log",
		// A loopback address is invalid in an Endpoints object.
		"--endpoint-reconciler-type=none",
	}
}

func controllerArguments(kubeconfig string) []string {
	return []string{
		"kube-controller-manager",
		"--kubeconfig=" + kubeconfig,
		"--secure-port=0",
		"--leader-elect=false",
		"--root-ca-file=apiserver.crt",
		"--service-account-private-key-file=apiserver.key",
		// The testbed's kubelet sends no heartbeats, so the controllers that require them are disabled.
		"--controllers=*,-node-lifecycle-controller,-taint-eviction-controller",
	}
}

func schedulerArguments(kubeconfig string) []string {
	return []string{
		"kube-scheduler",
		"--kubeconfig=" + kubeconfig,
		"--secure-port=0",
		"--leader-elect=false",
	}
}
