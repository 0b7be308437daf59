# the client through nginx, toxiproxy and a CONNECT proxy; LINKIT_FAULTS=1m makes each load longer
need nginx "apt-get install nginx"
need tinyproxy "apt-get install tinyproxy"
CI=true go test -C internal/faults -count=1 .
