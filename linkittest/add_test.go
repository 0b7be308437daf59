package linkittest_test

import (
	"encoding/json"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestAFixtureMayBeAPage(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a list":         `[{"iv_id":"A"},{"iv_id":"B"}]`,
		"data":           `{"data":[{"iv_id":"A"},{"iv_id":"B"}],"page":1}`,
		"items":          `{"items":[{"iv_id":"A"},{"iv_id":"B"}]}`,
		"data and items": `{"data":[{"iv_id":"A"}],"items":[{"iv_id":"B"}]}`,
	} {
		server := newServer(t, linkittest.WithFixtures(fstest.MapFS{"products.json": {Data: []byte(file)}}))
		assert.EqualValues(t, 2, send(t, server, "GET", "/products", "").at(t, "total_count"), name)
	}
	for name, file := range map[string]string{
		"neither":     `{"records":[]}`,
		"no list":     `{"data":5}`,
		"no JSON":     `[{"iv_id":`,
		"no record":   `[{"iv_id":"A"},7]`,
		"no response": ``,
	} {
		assert.Panics(t, func() {
			linkittest.NewServer(linkittest.WithFixtures(fstest.MapFS{"products.json": {Data: []byte(file)}}))
		}, name)
	}
}

// forbidden is a file system whose files can't be read.
type forbidden struct{}

func (forbidden) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestAFixtureThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	assert.PanicsWithValue(t, "linkittest: WithFixtures: branches.json: open branches.json: permission denied", func() {
		linkittest.NewServer(linkittest.WithFixtures(forbidden{}))
	})
}

func TestARecordThatIsAddedAgainKeepsItsID(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "A", NameEn: "Old"})
	before := send(t, server, "GET", "/products/A", "")
	server.AddProducts(linkit.Product{IvID: "A", NameEn: "New"})
	after := send(t, server, "GET", "/products/A", "")
	assert.Equal(t, "New", after.at(t, "name_en"))
	for _, name := range []string{"id", "created", "organization_id"} {
		require.NotEmpty(t, before.at(t, name))
		assert.Equal(t, before.at(t, name), after.at(t, name), name)
	}
}

func TestWhatARecordsFieldsCannotHoldIsAddedFromItsRaw(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	raw := json.RawMessage(`{"iv_id":"other","average_price":"12.50","barcode":7,"tags":["new"]}`)
	server.AddProducts(
		linkit.Product{IvID: "A", Raw: raw},
		linkit.Product{IvID: "B", AveragePrice: 3, Barcode: "628", Raw: raw},
		linkit.Product{IvID: "C", Raw: json.RawMessage(`no JSON`)},
	)
	contains(t, `{"iv_id":"A","average_price":"12.50","barcode":7,"tags":["new"]}`, send(t, server, "GET", "/products/A", "").at(t))
	contains(t, `{"iv_id":"B","average_price":3,"barcode":"628","tags":["new"]}`, send(t, server, "GET", "/products/B", "").at(t))
	contains(t, `{"iv_id":"C","average_price":0}`, send(t, server, "GET", "/products/C", "").at(t))
}
