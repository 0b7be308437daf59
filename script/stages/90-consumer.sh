# a program in a module of its own that imports the SDK
script/consumer "$PWD" "$WORK/consumer"
