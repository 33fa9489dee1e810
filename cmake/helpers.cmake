# All targets get their flags from one interface library, cw_options.
function(cw_options)
	add_library(cw_options INTERFACE)
	target_compile_features(cw_options INTERFACE c_std_11)
	target_compile_definitions(cw_options INTERFACE _GNU_SOURCE CW_VERSION="${PROJECT_VERSION}"
		CW_PLUGIN_INSTALLED="${CMAKE_INSTALL_FULL_LIBDIR}/convwire/convwire_auth.so")
	target_include_directories(cw_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
	target_compile_options(cw_options INTERFACE
		-Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef
		-fvisibility=hidden -fno-omit-frame-pointer -fstack-protector-strong
		$<$<BOOL:${CW_WERROR}>:-Werror>)
	if(CW_SANITIZER STREQUAL "address")
		target_compile_options(cw_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
		target_link_options(cw_options INTERFACE -fsanitize=address,undefined)
	elseif(CW_SANITIZER STREQUAL "thread")
		target_compile_options(cw_options INTERFACE -fsanitize=thread)
		target_link_options(cw_options INTERFACE -fsanitize=thread)
	elseif(NOT CW_SANITIZER STREQUAL "")
		message(FATAL_ERROR "CW_SANITIZER is \"${CW_SANITIZER}\"; it can be address, thread or empty")
	endif()
	if(CW_COVERAGE)
		target_compile_options(cw_options INTERFACE --coverage -fprofile-update=atomic)
		target_link_options(cw_options INTERFACE --coverage)
	endif()
	if(CW_FUZZ)
		target_compile_options(cw_options INTERFACE -fsanitize=fuzzer-no-link)
	endif()
	set_target_properties(cw_options PROPERTIES INTERFACE_C_EXTENSIONS OFF)
endfunction()

# cw_library(name SOURCES... LINKS...): a library of the tree.
function(cw_library name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
	add_library(${name} STATIC ${ARG_SOURCES})
	target_link_libraries(${name} PUBLIC cw_options ${ARG_LINKS})
endfunction()

# cw_program(name SOURCES... LINKS...): a program that people or systemd run.
function(cw_program name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
	add_executable(${name} ${ARG_SOURCES})
	target_link_libraries(${name} PRIVATE cw_options ${ARG_LINKS})
	install(TARGETS ${name} RUNTIME)
endfunction()

# cw_embed(symbol file): adds the file's text as `const char symbol[]` to the current directory's sources.
function(cw_embed out_source symbol file)
	set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
	add_custom_command(OUTPUT ${source}
		COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DFILE=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUT=${source}
			-P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
		DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
		COMMENT "Embedding ${file}" VERBATIM)
	set(${out_source} ${source} PARENT_SCOPE)
endfunction()
