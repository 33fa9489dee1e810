# A text file as a C array of bytes, NUL at the end: no quoting to go wrong, no limit of string literals.
file(READ "${FILE}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){20})" "\\1\n\t" bytes "${bytes}")
file(WRITE "${OUT}" "extern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {\n\t${bytes}0\n};\n")
