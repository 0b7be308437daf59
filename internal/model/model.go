// Package model runs random programs of calls against linkittest and against a plain map side by
// side, through a network that fails in every way that a network can. After each program the two
// must agree: a call that succeeded took effect once, one that failed had no effect, and one whose
// error is linkit.ErrUncertain took effect wholly or not at all. A program that shows otherwise is
// printed in its shortest form.
package model
