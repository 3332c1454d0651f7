// rest/03 with Go's net/http.
package main

import (
	"cmp"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /demo/{path_demo}", demo)
	log.Fatal(http.ListenAndServe(cmp.Or(os.Getenv("LAB_REST_ADDR"), "127.0.0.1:8080"), mux))
}

func demo(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	header := r.Header.Values("header-demo")
	if !query.Has("param_demo") || len(header) == 0 {
		http.Error(w, "param_demo and header-demo are needed", http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "no whole body", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"result": map[string]string{
		"path":   r.PathValue("path_demo"),
		"param":  query.Get("param_demo"),
		"header": header[0],
		"body":   string(body),
	}})
}
