# Where Debian's file hierarchy wants things: /usr unless another prefix is asked for, settings in /etc whatever the prefix. DESTDIR
# works as usual (packages, tests). The prefix counts at install time: cmake --install DIR [--prefix PREFIX].
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set_property(CACHE CMAKE_INSTALL_PREFIX PROPERTY VALUE /usr)
endif()

set(share share/ledgergate)
set(documents share/doc/ledgergate)

install(TARGETS ledgergate RUNTIME DESTINATION bin)
install(FILES config/ledgergate.schema.json DESTINATION ${share})
install(DIRECTORY config/fail2ban DESTINATION ${share} FILES_MATCHING PATTERN "*.conf")
install(FILES config/ledgergate.yaml DESTINATION ${documents}/examples)
install(DIRECTORY config/examples/ DESTINATION ${documents}/examples FILES_MATCHING PATTERN "*.yaml")
install(FILES docs/ledgergate.1 docs/ledgergate-cert.1 docs/ledgergate-client.1 DESTINATION share/man/man1)
install(FILES docs/ledgergate.yaml.5 DESTINATION share/man/man5)
install(FILES systemd/ledgergate.socket systemd/ledgergate-crl.timer DESTINATION lib/systemd/system)
install(FILES systemd/ledgergate.sysusers DESTINATION lib/sysusers.d RENAME ledgergate.conf)
install(FILES systemd/ledgergate.tmpfiles DESTINATION lib/tmpfiles.d RENAME ledgergate.conf)

# In the documents links to what lies elsewhere once it is installed, or is not, are written anew.
install(CODE "
  set(source [[${PROJECT_SOURCE_DIR}]])
  set(scratch [[${PROJECT_BINARY_DIR}/install]])")
install(CODE [[
  get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE)
  set(documents "${prefix}/share/doc/ledgergate")
  function(install_document from name above base)
    file(READ "${source}/${from}" text)
    string(REPLACE "](${above}certs/README.md" "](${base}certificates.md" text "${text}")
    string(REPLACE "](${above}config/examples" "](${base}examples" text "${text}")
    string(REPLACE "](${above}config/ledgergate.yaml" "](${base}examples/ledgergate.yaml" text "${text}")
    string(REPLACE "](${above}config/ledgergate.schema.json" "](${base}../../ledgergate/ledgergate.schema.json" text "${text}")
    string(REPLACE "[bench/README.md](${above}bench/README.md)" "bench/README.md of the source" text "${text}")
    get_filename_component(folder "${documents}/${name}" DIRECTORY)
    get_filename_component(file "${name}" NAME)
    file(WRITE "${scratch}/${file}" "${text}")
    file(INSTALL "${scratch}/${file}" DESTINATION "${folder}")
  endfunction()
  foreach(name README.md CHANGELOG.md SECURITY.md)
    install_document(${name} ${name} "" "")
  endforeach()
  foreach(name architecture config errors lockout metrics operations paths performance reload)
    install_document(docs/${name}.md docs/${name}.md "../" "../")
  endforeach()
  install_document(certs/README.md certificates.md "../" "")
]])

# The services name the program by its full path, which only the prefix knows. The settings are never overwritten.
install(CODE "
  set(source [[${PROJECT_SOURCE_DIR}]])
  set(scratch [[${PROJECT_BINARY_DIR}/install]])")
install(CODE [[
  get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE)
  foreach(name ledgergate.service ledgergate-crl.service)
    file(READ "${source}/systemd/${name}" unit)
    string(REPLACE "=/usr/bin/ledgergate" "=${prefix}/bin/ledgergate" unit "${unit}")
    file(WRITE "${scratch}/${name}" "${unit}")
    file(INSTALL "${scratch}/${name}" DESTINATION "${prefix}/lib/systemd/system")
  endforeach()
  if(NOT EXISTS "$ENV{DESTDIR}/etc/ledgergate/ledgergate.yaml")
    file(INSTALL "${source}/config/first.yaml" DESTINATION /etc/ledgergate RENAME ledgergate.yaml)
  endif()
]])
