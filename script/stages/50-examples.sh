# every example, without a LINKIT_* variable
for example in examples/*/main.go; do
  arguments=()
  [ "$example" != examples/sandbox/main.go ] || arguments=(-for 1s)
  echo "-- $example"
  go run -C "$(dirname "$example")" . "${arguments[@]}"
done
