UPDATE holds SET until = until + ?1 WHERE until IS NOT NULL
