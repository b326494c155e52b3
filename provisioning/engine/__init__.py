"""Engine: claim with a lease, perform in threads, settle with fencing; retry, circuit breaker, faults."""
