/** What a browser is shown at an address that is none. */

export const NOT_FOUND_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>There is no such page · Headwater</title>
  </head>
  <body>
    <main>
      <h1>There is no such page</h1>
      <p>Streams are watched by the link that their streamer gives out. <a href="/studio">To the studio</a></p>
    </main>
  </body>
</html>
`
