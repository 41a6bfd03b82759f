from swift_rediscron import main

main()
