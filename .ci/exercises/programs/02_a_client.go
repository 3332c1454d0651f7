// rest/02 with Go's net/http.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"time"
)

const most = 1 << 20

func main() {
	body, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s\n", body)
}

func run(args []string) ([]byte, error) {
	var path string
	switch {
	case len(args) == 1 && args[0] == "health":
		path = "/health"
	case len(args) == 2 && args[0] == "get":
		path = "/v1/orders/" + args[1]
	default:
		return nil, fmt.Errorf("usage: health | get ID")
	}
	return fetch("http://" + cmp.Or(os.Getenv("LAB_REST_ADDR"), "127.0.0.1:8080") + path)
}

func fetch(url string) ([]byte, error) {
	client := http.Client{Timeout: 2 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", url, answer.Status)
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, fmt.Errorf("%s answered in %q, not in JSON", url, kind)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if err != nil {
		return nil, err
	}
	if len(body) > most || !json.Valid(body) {
		return nil, fmt.Errorf("%s answered what is no JSON of at most 1 MiB", url)
	}
	return body, nil
}
