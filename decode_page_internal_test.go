package linkit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFiguresOfAPageAreItsServers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Page[Product]{
		`{"data":[{"iv_id":"x"}],"limit":1}`:                                              {Limit: 1, HasNext: true},
		`{"data":[{"iv_id":"x"}],"limit":1,"total_count":1}`:                              {Limit: 1, TotalCount: 1},
		`{"data":[{"iv_id":"x"}],"limit":1,"page":3,"total_count":3}`:                     {Limit: 1, Page: 3, TotalCount: 3},
		`{"data":[{"iv_id":"x"}],"limit":1,"page":2,"total_count":3}`:                     {Limit: 1, Page: 2, TotalCount: 3, HasNext: true},
		`{"data":[{"iv_id":"x"}],"limit":0,"total_count":9,"count":4}`:                    {Limit: 1, Count: 4, TotalCount: 9, HasNext: true},
		`{"data":[{"iv_id":"x"}],"limit":-1,"total_count":-1,"count":-1}`:                 {Limit: 50},
		`{"data":[{"iv_id":"x"}],"error":"one of the branches did not respond","page":1}`: {Limit: 50},
	} {
		if want.Page == 0 {
			want.Page = 1
		}
		if want.Count == 0 {
			want.Count = 1
		}
		body, err := decodePage[Product]([]byte(text), ListParams{Limit: 50})
		require.NoError(t, err, text)
		got := body.page
		got.Data = nil
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{`{"data":{},"error":"no"}`, `{"error":"no"}`, `{"data":[],"errors":["no"]}`} {
		_, err := decodePage[Product]([]byte(text), ListParams{})
		require.ErrorIs(t, err, errRefused, text)
	}
	over := Page[Product]{Data: make([]Product, 5), Limit: 3, Page: 1, TotalCount: 20}
	assert.Equal(t, 3, over.fullSize())
}
