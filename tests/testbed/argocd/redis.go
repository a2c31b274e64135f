package main

// The cache between the servers: a Redis in this process. Nothing is gained by a real one,
// because no test looks into it, and it is one program less that has to be installed.

import (
	"time"

	"github.com/alicebob/miniredis/v2"
)

// tick is how exact expiry is. Argo CD's shortest one is a matter of minutes.
const tick = time.Second

// startRedis listens on a loopback port of the kernel's choice until the process ends.
func startRedis() (string, error) {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return "", err
	}
	// Its clock stands still, so that nothing ever expired, unless somebody turns it.
	go func() {
		last := time.Now()
		for now := range time.Tick(tick) {
			server.FastForward(now.Sub(last))
			last = now
		}
	}()
	return server.Addr(), nil
}
