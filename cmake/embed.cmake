# Writes a text file as a NUL-terminated C array of bytes: no quoting to get wrong, no length limit of string literals.
file(READ "${FILE}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){20})" "\\1\n\t" bytes "${bytes}")
file(WRITE "${OUT}" "extern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {\n\t${bytes}0\n};\n")
