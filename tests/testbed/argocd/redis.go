package main

// The cache between the servers: a Redis in this process, so that no Redis has to be installed. No test reads it.

import (
	"time"

	"github.com/alicebob/miniredis/v2"
)

// clockStep is the resolution of expiry. Argo CD's shortest expiry is a few minutes.
const clockStep = time.Second

// startRedis listens on a loopback port of the kernel's choice until the process ends.
func startRedis() (string, error) {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return "", err
	}
	// Its clock has to be advanced, or no key expires.
	go func() {
		last := time.Now()
		for now := range time.Tick(clockStep) {
			server.FastForward(now.Sub(last))
			last = now
		}
	}()
	return server.Addr(), nil
}
