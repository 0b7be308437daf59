package main

import (
	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/internal/demo"
	"github.com/linkit-go/linkit/linkittest"
)

var example = demo.Example{
	Writes: "adds one product, QUICKSTART and the time, changes its price and removes it again",
	Fake: func(server *linkittest.Server) {
		server.AddProducts(
			linkit.Product{
				IvID: "ITEM-1001", NameEn: "Adol 500 mg, 24 tablets", NameAr: "أدول 500 ملغ، 24 قرصًا", AveragePrice: 7.25,
			},
			linkit.Product{
				IvID: "ITEM-1002", NameEn: "Vitamin C 1000 mg, effervescent", NameAr: "فيتامين سي 1000 ملغ فوار",
				AveragePrice: 21.5,
			},
		)
	},
}
