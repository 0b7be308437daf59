package linkittest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/linkit-go/linkit"
)

// add stores copies of records, filling in missing fields.
func (d *resource[T]) add(s *Server, given ...T) {
	records := make([]*record[T], 0, min(len(given), maxBatch))
	for batch := range slices.Chunk(given, maxBatch) {
		records = records[:0]
		for i := range batch {
			records = append(records, d.newRecord(&batch[i]))
		}
		d.store(s, records)
	}
}

// maxBatch is the most records that are stored without giving way to requests.
const maxBatch = 1024

// store stores records, filling in missing fields. A record whose key exists replaces the existing
// one and keeps its place in lists unless it has a Created date of its own.
func (d *resource[T]) store(s *Server, records []*record[T]) {
	for len(records) > 0 {
		id := d.organizationOf(records[0])
		n := slices.IndexFunc(records, func(r *record[T]) bool { return d.organizationOf(r) != id })
		if n < 0 {
			n = len(records)
		}
		c, end := s.change(id)
		for _, r := range records[:n] {
			d.storeOne(c, r)
		}
		end()
		records = records[n:]
	}
}

func (d *resource[T]) organizationOf(r *record[T]) string {
	if id := d.fields(&r.value).OrganizationID; id != nil && *id != "" {
		return *id
	}
	return OrganizationID
}

func (d *resource[T]) storeOne(c change, r *record[T]) {
	f := d.fields(&r.value)
	if f.OrganizationID != nil {
		*f.OrganizationID = c.org.id
	}
	if d.setServerFields != nil {
		d.setServerFields(&r.value, &r.value)
	}
	if *f.Key == "" {
		*f.Key = *f.ID
	}
	if old := d.table(c.org).get(*f.Key); old != nil {
		d.replace(c, r, old)
		return
	}
	if *f.ID == "" {
		*f.ID = c.server.data.newID(d.initial)
	}
	f.fill(*f.ID, c.now)
	d.insert(c, r)
}

// replace replaces old with a record of the same key.
func (d *resource[T]) replace(c change, r, old *record[T]) {
	t, f, was := d.table(c.org), d.fields(&r.value), d.fields(&old.value)
	created := c.now
	if was.Created != nil {
		created = *was.Created
	}
	f.fill(*was.ID, created)
	if f.Created != nil && !f.Created.Equal(created.Time) {
		t.remove(*f.Key)
		d.insert(c, r)
		return
	}
	t.replace(*f.Key, r)
	c.org.version++
}

// stamp sets both dates, if the record has them.
func (f fields) stamp(created, updated linkit.Time) {
	if f.Created != nil {
		*f.Created, *f.Updated = created, updated
	}
}

// fill sets the fields that are missing.
func (f fields) fill(id string, created linkit.Time) {
	if *f.ID == "" {
		*f.ID = id
	}
	if *f.Key == "" {
		*f.Key = *f.ID
	}
	if f.Created == nil {
		return
	}
	if f.Created.IsZero() {
		*f.Created = created
	}
	if f.Updated.IsZero() {
		*f.Updated = *f.Created
	}
}

// load adds the records of a [WithFixtures] file system.
func (s *Server) load(fsys fs.FS) {
	for _, k := range resources {
		file, err := fs.ReadFile(fsys, k.file())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = k.load(s, file)
		}
		if err != nil {
			panic(fmt.Sprintf("linkittest: WithFixtures: %s: %v", k.file(), err))
		}
	}
}

// load reads a fixture: an array of records, or a page of them.
func (d *resource[T]) load(s *Server, file []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(file, &list); err != nil {
		var page struct {
			Data  []json.RawMessage `json:"data"`
			Items []json.RawMessage `json:"items"`
		}
		if json.Unmarshal(file, &page) != nil || page.Data == nil && page.Items == nil {
			return err
		}
		list = slices.Concat(page.Data, page.Items)
	}
	records := make([]*record[T], len(list))
	for i, raw := range list {
		var err error
		if records[i], err = d.decodeFixture(raw); err != nil {
			return fmt.Errorf("record %d: %w", i+1, err)
		}
	}
	d.store(s, records)
	return nil
}
