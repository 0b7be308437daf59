package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSecretMembersAreMaskedAtAnyDepth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                     ``,
		`{"iv_id":"A","qty":3}`:                `{"iv_id":"A","qty":3}`,
		`{"password":"a\"b","x":1}`:            `{"password":"[masked]","x":1}`,
		`{"a":[{"API_Key" : "k"}]}`:            `{"a":[{"API_Key" : "[masked]"}]}`,
		`{"tokens":["a]",["b"]],"x":1}`:        `{"tokens":"[masked]","x":1}`,
		`{"secret":-12.5e3}`:                   `{"secret":"[masked]"}`,
		`{"secret": 12 , "y": 1}`:              `{"secret": "[masked]" , "y": 1}`,
		`{"has_token":true,"token":null}`:      `{"has_token":true,"token":null}`,
		`{"secrets":{"plain":"a","pin":"b"}}`:  `{"secrets":{"plain":"a","pin":"b"}}`,
		`{"secrets":{"private":"a","pin":"b"}`: `{"secrets":{"private":"[masked]","pin":"b"}`,
		`{"x":1,"token":"cut off`:              `{"x":1,"token":"[masked]"`,
		`{"x":1,"token":["cut`:                 `{"x":1,"token":"[masked]"`,
		`{"x":1,"token":`:                      `{"x":1,"token":`,
		`{"x":1,"token`:                        `{"x":1,"token`,
		`{"x":"\`:                              `{"x":"\`,
		`{"note":"token: ` + token + `"}`:      `{"note":"token: [masked]"}`,
		`["token","a"]`:                        `["token","a"]`,
	} {
		assert.Equal(t, want, hideMembers(text), text)
	}
}

func TestStringEndStaysWithinTheText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`"`, `"\`, `"a`, `"a\`, `"a"`} {
		assert.LessOrEqual(t, stringEnd(text, 0), len(text), text)
		assert.NotPanics(t, func() { hideMembers(`{"token":` + text) }, text)
	}
}

func BenchmarkHideMembers(b *testing.B) {
	product := `{"iv_id":"ITEM-1","name_en":"Panadol","name_ar":"بنادول","average_price":8.6,"token":"x"},`
	text := strings.Repeat(product, maxShown/len(product))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		hideMembers(text)
	}
}
