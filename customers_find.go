package linkit

import (
	"context"
	"net/http"
	"strings"
	"unicode"
)

// FindByEmail returns the customer who has this email, compared without regard to case and
// surrounding spaces. Linkit normalizes emails, so the record's may be spelled differently. It is
// [ErrNotFound] when there is none, and [ErrConflict] when several customers have it.
//
//	GET /customers
func (s *CustomersService) FindByEmail(ctx context.Context, email string) (*Customer, error) {
	email = strings.TrimSpace(email)
	if email == "" {
		return nil, invalid("Customers.FindByEmail: the email is empty")
	}
	return s.find(ctx, email, "email", func(c *Customer) bool {
		return strings.EqualFold(strings.TrimSpace(c.Email), email)
	})
}

// minPhoneDigits is how many digits of two phone numbers must agree at least.
const minPhoneDigits = 8

// FindByPhone returns the customer who has this phone number. Linkit normalizes numbers, with a
// country code for example, so numbers are compared by their digits without leading zeros, from the
// end, over the length of the shorter one: "050 123 4567" finds "+966501234567". It needs 8 digits
// at least; fewer are [ErrInvalid]. It is [ErrNotFound] when nobody has the number, and
// [ErrConflict] when several customers match. The search is for the last 8 digits: a record that
// Linkit keeps with spaces among them isn't found.
//
//	GET /customers
func (s *CustomersService) FindByPhone(ctx context.Context, phone string) (*Customer, error) {
	digits := phoneDigits(phone)
	if len(digits) < minPhoneDigits {
		return nil, invalid("Customers.FindByPhone: the number has %s without leading zeros, and needs %d",
			plural(len(digits), "digit"), minPhoneDigits)
	}
	// The end of the number is what all of its spellings share.
	return s.find(ctx, digits[len(digits)-minPhoneDigits:], "phone number", func(c *Customer) bool {
		return samePhone(phoneDigits(c.Phone), digits)
	})
}

// find reads every customer that a search returns, and returns the one that matches.
func (s *CustomersService) find(
	ctx context.Context,
	search, what string,
	matches func(*Customer) bool,
) (*Customer, error) {
	var found *Customer
	count := 0
	for customer, err := range s.All(ctx, &CustomerListParams{Search: search}) {
		if err != nil {
			return nil, err
		}
		if matches(&customer) {
			count++
			found = &customer
		}
	}
	switch count {
	case 0:
		return nil, &lookupError{http.MethodGet, "/customers", "no customer has this " + what, ErrNotFound}
	case 1:
		return found, nil
	}
	return nil, &lookupError{http.MethodGet, "/customers", plural(count, "customer") + " have this " + what, ErrConflict}
}

// phoneDigits returns the digits of a phone number as 0 to 9, whatever their script, without
// leading zeros.
func phoneDigits(phone string) string {
	var digits strings.Builder
	for _, r := range phone {
		if unicode.IsDigit(r) {
			digits.WriteByte('0' + digitValue(r))
		}
	}
	return strings.TrimLeft(digits.String(), "0")
}

// digitValue is the value of a decimal digit. Unicode has each script's ten digits in a row, zero
// first, and nothing but such rows beside them.
func digitValue(digit rune) byte {
	zero := digit
	for unicode.IsDigit(zero - 1) {
		zero--
	}
	return byte((digit - zero) % 10) //nolint:gosec // 0 to 9
}

func samePhone(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) >= minPhoneDigits && strings.HasSuffix(b, a)
}

// lookupError is a search for one record that found none, or several.
type lookupError struct {
	method, route, text string
	target              error
}

func (e *lookupError) Error() string        { return callText(e.method, e.route) + e.text }
func (e *lookupError) Is(target error) bool { return target == e.target }
