// Package pocketbase runs the client against a real PocketBase, which Linkit's ids, dates and
// errors suggest it is built on. Its own sign-in, guests, rate limiter and validation are behind
// routes like Linkit's, in this process.
package pocketbase
