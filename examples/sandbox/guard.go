package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
)

const maxControlBody = 1 << 20

// guard protects the control interface from other sites that the user's browser has open. A page of
// another origin can send requests to a loopback address, and one whose name resolves to it can
// read the responses.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if problem := foreign(r); problem != "" {
			fail(w, http.StatusForbidden, problem)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
			if err != nil || media != "application/json" {
				fail(w, http.StatusUnsupportedMediaType, "the Content-Type must be application/json")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// foreign returns why a request isn't from this machine or this origin, or "".
func foreign(r *http.Request) string {
	if !loopback(r.RemoteAddr) || !loopback(r.Host) {
		return "the host must be a loopback address"
	}
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return "requests from another origin aren't allowed"
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return "requests from another site aren't allowed"
		}
	}
	return ""
}

// loopback reports whether a host, with or without a port, is a loopback address or localhost.
func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// respond writes a JSON response.
func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that the client has disconnected
}

func fail(w http.ResponseWriter, status int, problem string) {
	respond(w, status, map[string]string{"error": problem})
}

// read decodes a body that must be a single JSON object without unknown members. It responds to a
// mistake and returns false. An empty body is an empty object.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if errors.Is(err, io.EOF) {
		return true
	}
	if err == nil && dec.More() {
		err = errors.New("there is more than one JSON value")
	}
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Sprintf("the body isn't valid: %s", strings.TrimPrefix(err.Error(), "json: ")))
		return false
	}
	return true
}
