package linkit

import "github.com/linkit-go/linkit/internal/redact"

const redaction = redact.Mark

func redacted(err error, secret string) error      { return redact.Error(err, secret) }
func masked(text, secret string) string            { return redact.Text(text, secret) }
func maskedBody(body []byte, secret string) []byte { return redact.Body(body, secret) }
func oneLine(s string, most int) string            { return redact.Line(s, most) }
