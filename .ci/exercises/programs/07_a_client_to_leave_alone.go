// rest/07 with Go's net/http.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

type answer struct {
	status     int
	retryAfter string
	body       []byte
}

var (
	orders = "http://" + cmp.Or(os.Getenv("LAB_REST_ADDR"), "127.0.0.1:8080") + "/v1/orders"
	// Without kept connections: Go sends again by itself what fails on one of them.
	client = http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
)

func main() {
	printed, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s\n", bytes.TrimSpace(printed))
}

func run(args []string) ([]byte, error) {
	if len(args) == 0 {
		return nil, errors.New("usage: get | create | update | delete")
	}
	verb, rest, id := args[0], args[1:], ""
	if verb != "create" && len(rest) > 0 {
		id, rest = rest[0], rest[1:]
	}
	var equipment list
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	flags.Var(&equipment, "equipment", "once or more")
	createdBy := flags.String("created-by", "", "whose order")
	version := flags.String("version", "", "the order's")
	if err := flags.Parse(rest); err != nil {
		return nil, err
	}
	url := orders + "/" + id
	switch verb {
	case "get":
		return success(send("GET", url, nil, nil))
	case "create":
		return success(send("POST", orders, map[string]any{"created_by": createdBy, "equipment": equipment}, nil))
	case "delete":
		a, lost, err := send("DELETE", url, nil, nil)
		if err == nil && lost && a.status == http.StatusNotFound {
			return nil, nil
		}
		return success(a, lost, err)
	case "update":
		match := http.Header{"If-Match": {strconv.Quote(*version)}}
		a, lost, err := send("PUT", url, map[string]any{"equipment": equipment}, match)
		if err == nil && lost && a.status == http.StatusPreconditionFailed {
			return compared(url, equipment)
		}
		return success(a, lost, err)
	}
	return nil, fmt.Errorf("what is %s?", verb)
}

func compared(url string, equipment list) ([]byte, error) {
	body, err := success(send("GET", url, nil, nil))
	var found struct{ Equipment []string }
	if err == nil {
		err = json.Unmarshal(body, &found)
	}
	if err == nil && !slices.Equal(found.Equipment, equipment) {
		err = errors.New("somebody else has changed it")
	}
	return body, err
}

func success(a answer, _ bool, err error) ([]byte, error) {
	if err == nil && a.status/100 != 2 {
		err = fmt.Errorf("the server answers %d", a.status)
	}
	return a.body, err
}

// send returns the last attempt's answer, and whether one before it was lost.
func send(method, url string, body any, header http.Header) (a answer, lost bool, err error) {
	for number := 1; number <= 4; number++ {
		wait := time.Duration(1000+rand.IntN(1000)) * 200 * time.Microsecond << (number - 1)
		a, err = attempt(method, url, body, header)
		var op *net.OpError
		busy := err == nil && (a.status == 429 || a.status == 503)
		switch {
		case err == nil && !busy:
			return a, lost, nil
		case busy:
			err = fmt.Errorf("the server answers %d", a.status)
			seconds, parsed := strconv.Atoi(a.retryAfter)
			if parsed == nil && seconds > 5 || parsed != nil && method == "POST" {
				return a, lost, err
			}
			if parsed == nil {
				wait = time.Duration(seconds)*time.Second + time.Duration(rand.IntN(400))*time.Millisecond
			}
		case errors.As(err, &op) && op.Op == "dial":
			// Nothing was sent.
		case method == "POST":
			return a, lost, fmt.Errorf("unknown: it may be placed: %w", err)
		default:
			lost = true
		}
		if number < 4 {
			time.Sleep(wait)
		}
	}
	return a, lost, err
}

func attempt(method, url string, body any, header http.Header) (a answer, err error) {
	var reader io.Reader
	if body != nil {
		sent, err := json.Marshal(body)
		if err != nil {
			return a, err
		}
		reader = bytes.NewReader(sent)
	}
	request, err := http.NewRequest(method, url, reader)
	if err != nil {
		return a, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	a.status, a.retryAfter = response.StatusCode, response.Header.Get("Retry-After")
	a.body, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return a, err
}
