// rest/04 with Go's net/http.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"mime"
	"net/http"
	"os"
	"strconv"
	"sync"
)

type draft struct {
	CreatedBy string   `json:"created_by"`
	Equipment []string `json:"equipment"`
}

type order struct {
	ID int `json:"id"`
	draft
}

type store struct {
	mu     sync.Mutex
	orders []order
}

func main() {
	s := &store{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/orders", s.create)
	mux.HandleFunc("GET /v1/orders", s.list)
	mux.HandleFunc("GET /v1/orders/{id}", s.get)
	log.Fatal(http.ListenAndServe(cmp.Or(os.Getenv("LAB_REST_ADDR"), "127.0.0.1:8080"), mux))
}

func (s *store) create(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "an order comes as application/json", http.StatusUnsupportedMediaType)
		return
	}
	var d draft
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&d); err != nil {
		http.Error(w, "this is no order", http.StatusBadRequest)
		return
	}
	o := s.place(d)
	w.Header().Set("Location", fmt.Sprintf("/v1/orders/%d", o.ID))
	answer(w, http.StatusCreated, o)
}

func (s *store) place(d draft) order {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := order{ID: len(s.orders) + 1, draft: d}
	s.orders = append(s.orders, o)
	return o
}

func (s *store) get(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || id < 1 || id > len(s.orders) {
		http.NotFound(w, r)
		return
	}
	answer(w, http.StatusOK, s.orders[id-1])
}

func (s *store) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Not nil, which would be null in JSON.
	answer(w, http.StatusOK, map[string][]order{"orders": append([]order{}, s.orders...)})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
