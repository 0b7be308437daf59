package main

import (
	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/internal/demo"
	"github.com/linkit-go/linkit/linkittest"
)

// onFake are the organizations that are read when none is named. The user may see two of them.
var onFake = []string{"org_riyadh", "org_jeddah", "org_dammam"}

var example = demo.Example{
	Options: []linkit.Option{linkit.WithLogin("buyer@example.com", "a-password")},
	Fake: func(server *linkittest.Server) {
		server.AddUser("buyer@example.com", "a-password", "org_riyadh", "org_jeddah")
		server.AddProducts(
			linkit.Product{OrganizationID: "org_riyadh", IvID: "ITEM-1001", NameEn: "Adol 500 mg, 24 tablets"},
			linkit.Product{OrganizationID: "org_riyadh", IvID: "ITEM-1002", NameEn: "Panadol Extra, 24 tablets"},
			linkit.Product{OrganizationID: "org_jeddah", IvID: "ITEM-1001", NameEn: "Adol 500 mg, 24 tablets"},
		)
	},
}
