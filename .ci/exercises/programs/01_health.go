// rest/01 with Go's net/http.
package main

import (
	"cmp"
	"encoding/json"
	"log"
	"net/http"
	"os"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", health)
	log.Fatal(http.ListenAndServe(cmp.Or(os.Getenv("LAB_REST_ADDR"), "127.0.0.1:8080"), mux))
}

func health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"status": "ok"})
}
