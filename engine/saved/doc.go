// Package saved keeps translations for the next start: an Image is the translated code of one mapping of one file.
//
// It knows nothing of blocks but what is written here, and runs nothing. Its rules: an Image is never changed once made; what
// cannot be read back exactly as it was written is as good as not there; no failure of the disk is one of the run.
//
//	Draft --WriteTo--> bytes --Parse--> Image          image.go, draft.go: the format
//	        Store: by Key, in memory and in a directory    store.go, directory.go
//
// The files hold code that will be executed: the directory and each file must belong to the user and be writable by
// nobody else.
package saved
