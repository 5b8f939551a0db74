# migrations.awk - SQL files, in the order given, as a table in C.
# -v name=cache makes latd_migrations_cache, ended by a row of NULL.
BEGIN {
    print "/* Made from schema/sql by migrations.awk; edit those. */"
    print "#include \"server/store/sqlite/db.h\"\n"
    print "const struct latd_migration latd_migrations_" name "[] = {"
}
FNR == 1 {
    if (NR > 1)
        print "    },"
    printf "    {\"%s\",\n", FILENAME
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    printf "     \"%s\\n\"\n", $0
}
END {
    print "    },\n    {0},\n};"
}
