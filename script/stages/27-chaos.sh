# everything stopped and killed at random, and every write accounted for; LINKIT_CHAOS=10m makes it longer
need nginx "apt-get install nginx"
need redis-server "apt-get install redis-server"
need postgres "apt-get install postgresql"
CI=true go test -C internal/chaos -count=1 -v . | tee "$WORK/output"
figure "$(sed -n 's/.* figures: //p' "$WORK/output" | paste -sd ';')"
