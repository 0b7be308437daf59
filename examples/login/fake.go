package main

import (
	"net/http"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/internal/demo"
	"github.com/linkit-go/linkit/linkittest"
)

var example = demo.Example{
	Options: []linkit.Option{linkit.WithLogin(linkittest.Email, linkittest.Password)},
	Fake: func(server *linkittest.Server) {
		server.SetTokenTTL(2 * time.Second)
		server.Inject(linkittest.Fault{Path: "/branches", Status: http.StatusUnauthorized}) // as for a revoked token
	},
}
