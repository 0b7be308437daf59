package linkittest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/linkit-go/linkit"
)

// add stores records, filling in missing fields. A record whose key exists replaces the existing one and
// keeps its place in lists unless it has a Created date of its own.
func (d *resource[T]) add(s *Server, records ...T) {
	for i := range records {
		v := d.clone(&records[i])
		f, id := d.fields(v), OrganizationID
		if f.OrganizationID != nil {
			if *f.OrganizationID == "" {
				*f.OrganizationID = id
			}
			id = *f.OrganizationID
		}
		c, end := s.change(id)
		if d.setServerFields != nil {
			d.setServerFields(v, &records[i])
		}
		if *f.Key == "" {
			*f.Key = *f.ID
		}
		if old := d.table(c.org).get(*f.Key); old != nil {
			d.replace(c, v, old)
		} else {
			f.fill(c.data.newID(d.initial), c.now)
			d.insert(c, v)
		}
		end()
	}
}

// replace replaces old with a record of the same key.
func (d *resource[T]) replace(c change, v, old *T) {
	t, f, was := d.table(c.org), d.fields(v), d.fields(old)
	created := c.now
	if was.Created != nil {
		created = *was.Created
	}
	f.fill(*was.ID, created)
	if f.Created != nil && !f.Created.Equal(created.Time) {
		t.remove(*f.Key)
		d.insert(c, v)
		return
	}
	t.replace(*f.Key, v)
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
	var records []T
	if err := json.Unmarshal(file, &records); err != nil {
		var wrapped struct {
			Data  []T `json:"data"`
			Items []T `json:"items"`
		}
		if json.Unmarshal(file, &wrapped) != nil || wrapped.Data == nil && wrapped.Items == nil {
			return err
		}
		records = slices.Concat(wrapped.Data, wrapped.Items)
	}
	d.add(s, records...)
	return nil
}
