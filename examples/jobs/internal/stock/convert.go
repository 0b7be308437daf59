package stock

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// column reads one value of a row into a record.
type column struct {
	name string
	read func(v *Values, value any) error
}

// columns are those that a source may have beside sku, product and branch.
var columns = []column{
	{"qty", func(v *Values, value any) (err error) { v.Qty, err = toWhole(value); return err }},
	{"price", func(v *Values, value any) (err error) { v.Price, err = toNumber(value); return err }},
	{"cost", func(v *Values, value any) (err error) { v.Cost, err = toNumber(value); return err }},
	{"available", func(v *Values, value any) (err error) { v.Available, err = toBool(value); return err }},
}

// convert reads a row: its key, its product and the values of columns. What can't be read makes it a
// record with a Reason.
func convert(key Key, product string, names []column, values []any) Record {
	record := Record{Key: key, Rows: 1}
	var reasons []string
	switch {
	case key.SKU == "":
		reasons = append(reasons, "it has no sku, and no product and branch")
	case !utf8.ValidString(key.SKU) || !utf8.ValidString(key.Branch) || !utf8.ValidString(product):
		reasons = append(reasons, "its key is not UTF-8")
	}
	if product != "" {
		record.Product = &product
	}
	for i, column := range names {
		value := values[i] //nolint:gosec // there are as many
		if value == nil {
			continue
		}
		if err := column.read(&record.Values, value); err != nil {
			reasons = append(reasons, column.name+": "+err.Error())
		}
	}
	if len(reasons) > 0 {
		record.Reason = strings.Join(reasons, "; ")
		record.Raw = raw(product, names, values)
	}
	return record
}

// raw returns the values of a row as JSON text, whatever they are.
func raw(product string, names []column, values []any) string {
	texts := make(map[string]string, len(names)+1)
	if product != "" {
		texts["product"] = product
	}
	for i, column := range names {
		if values[i] != nil {
			texts[column.name] = plain(values[i])
		}
	}
	text, err := json.Marshal(texts) // sorted by name
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func plain(value any) string {
	switch text := value.(type) {
	case string:
		return text
	case []byte:
		return string(text)
	}
	return fmt.Sprint(value)
}

// shown returns a value for an error, bounded.
func shown(value any) string {
	text := []rune(plain(value))
	if len(text) > 40 {
		text = append(text[:40], '…')
	}
	return strconv.Quote(string(text))
}

// exact is the largest number up to which a float64 holds every whole one.
const exact = 1 << 53

func toWhole(value any) (*int64, error) {
	switch v := value.(type) {
	case int64:
		return &v, nil
	case string, []byte:
		if n, err := strconv.ParseInt(strings.TrimSpace(plain(v)), 10, 64); err == nil {
			return &n, nil
		}
	}
	f, err := toNumber(value)
	if err != nil || *f != math.Trunc(*f) || math.Abs(*f) > exact {
		return nil, fmt.Errorf("%s is not a whole number", shown(value))
	}
	n := int64(*f)
	return &n, nil
}

func toNumber(value any) (*float64, error) {
	var f float64
	switch v := value.(type) {
	case int64:
		f = float64(v)
	case float64:
		f = v
	case float32:
		f = float64(v)
	case string, []byte:
		text := strings.TrimSpace(plain(v))
		var err error
		f, err = strconv.ParseFloat(text, 64)
		if err != nil || strings.Trim(text, "0123456789+-.eE") != "" { // no hexadecimals, no infinity
			return nil, fmt.Errorf("%s is not a number", shown(value))
		}
	default:
		return nil, fmt.Errorf("%s is not a number", shown(value))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%s is not a number", shown(value))
	}
	return &f, nil
}

func toBool(value any) (*bool, error) {
	if v, ok := value.(bool); ok {
		return &v, nil
	}
	switch strings.ToLower(strings.TrimSpace(plain(value))) {
	case "1", "t", "true", "y", "yes":
		return new(true), nil
	case "0", "f", "false", "n", "no":
		return new(false), nil
	}
	return nil, fmt.Errorf("%s is neither true nor false", shown(value))
}
