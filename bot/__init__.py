"""People: chats and answers. Everything here rests on the package `index`."""
