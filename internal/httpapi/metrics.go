package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// figures are the counters of this process, in a registry of their own.
type figures struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	running  prometheus.Gauge
}

func newFigures() *figures {
	f := &figures{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tariffd_http_requests_total", Help: "Answered requests by operation of the contract and status.",
		}, []string{"operation", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tariffd_http_request_duration_seconds", Help: "How long answers took, by operation of the contract.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"operation"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tariffd_http_requests_running", Help: "Requests being worked on."}),
	}
	f.registry.MustRegister(f.requests, f.duration, f.running, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return f
}

// note counts one answered request. Requests outside the contract share one name, so that a scanner cannot fill the memory.
func (f *figures) note(op *endpoint, status int, took time.Duration) {
	name := "none"
	if op != nil {
		name = op.id
	}
	f.requests.WithLabelValues(name, strconv.Itoa(status)).Inc()
	f.duration.WithLabelValues(name).Observe(took.Seconds())
}

func (f *figures) handler() http.Handler {
	return promhttp.HandlerFor(f.registry, promhttp.HandlerOpts{})
}
