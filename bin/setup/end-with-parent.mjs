// Loaded into the server before its own code: when the process that started it dies without a word, the server ends too.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
// The channel alone is no reason to stay alive.
process.channel?.unref()
