package metrics

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"time"

	"kmv/engine/view"
)

// Listen opens an address such as 127.0.0.1:9100 or localhost:0. One that others could reach is refused.
func Listen(addr string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("%s is not an address of this machine alone (127.0.0.1, ::1 or localhost)", addr)
	}
	return net.ListenTCP("tcp", tcp)
}

// Serve answers GET /metrics until Close.
func Serve(l net.Listener, run view.Controller) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		s, err := run.Look(r.Context(), view.Query{Ranges: true}) // of which the copies in memory are counted
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		var b bytes.Buffer
		if err := Write(&b, s); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", ContentType)
		_, _ = w.Write(b.Bytes()) // a client that has left is no failure
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	go func() { _ = server.Serve(l) }()
	return server
}
