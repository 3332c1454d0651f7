// rest/05 with Go's net/http.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

var kinds = []string{"KEYBOARD", "MOUSE", "WEBCAM", "MONITOR"}

type fault struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/orders", orders)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, "there is nothing at this path", nil)
	})
	log.Fatal(http.ListenAndServe(cmp.Or(os.Getenv("LAB_REST_ADDR"), "127.0.0.1:8080"), mux))
}

func orders(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		problem(w, http.StatusMethodNotAllowed, "an order is placed by POST", nil)
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		problem(w, http.StatusUnsupportedMediaType, "an order comes as application/json", nil)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		problem(w, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB", nil)
		return
	}
	var order any
	if err := json.Unmarshal(body, &order); err != nil {
		problem(w, http.StatusBadRequest, "the body is not JSON", nil)
		return
	}
	if faults := faultsOf(order); len(faults) > 0 {
		problem(w, http.StatusUnprocessableEntity, "the errors say what is wrong, and where", faults)
		return
	}
	answer(w, http.StatusCreated, "application/json", order)
}

func faultsOf(value any) (faults []fault) {
	order, ok := value.(map[string]any)
	if !ok {
		return []fault{{"#", "must be an object"}}
	}
	require := func(holds bool, pointer, detail string) {
		if !holds {
			faults = append(faults, fault{pointer, detail})
		}
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for name := range order {
		known := name == "created_by" || name == "equipment" || name == "desk"
		require(known, "#/"+escape.Replace(name), "is no field of an order")
	}
	createdBy, _ := order["created_by"].(string)
	count := utf8.RuneCountInString(createdBy)
	require(count >= 1 && count <= 64, "#/created_by", "must be text of 1 to 64 characters")
	desk, _ := order["desk"].(float64)
	require(desk >= 1 && desk <= 999 && desk == math.Trunc(desk), "#/desk", "must be a whole number from 1 to 999")
	equipment, _ := order["equipment"].([]any)
	require(len(equipment) > 0, "#/equipment", "must be a list of at least one")
	seen := map[string]int{}
	for index, item := range equipment {
		kind, _ := item.(string)
		pointer := fmt.Sprintf("#/equipment/%d", index)
		require(slices.Contains(kinds, kind), pointer, "is no kind of equipment")
		seen[kind]++
		require(seen[kind] <= 2 || !slices.Contains(kinds, kind), pointer, "is ordered twice already")
	}
	return faults
}

func problem(w http.ResponseWriter, status int, detail string, faults []fault) {
	body := map[string]any{"title": http.StatusText(status), "status": status, "detail": detail}
	if faults != nil {
		body["errors"] = faults
	}
	answer(w, status, "application/problem+json", body)
}

func answer(w http.ResponseWriter, status int, kind string, body any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
