# programs outside the repository that import the published modules, without replace
bash script/consumer "$WORK/consumer"
