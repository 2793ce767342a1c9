// Command dsse verifies a signed statement with the reference libraries: the envelope with securesystemslib's DSSE, the statement
// with in-toto's own. It prints the statement's predicate type and the SHA-256 of its first subject.
//
// Usage: dsse ENVELOPE PUBLIC-KEY.pem
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	attestation "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file, keyFile string) error {
	pem, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	verifier, err := load(pem)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var envelope dsse.Envelope
	if err := json.Unmarshal(text, &envelope); err != nil {
		return err
	}
	one, err := dsse.NewEnvelopeVerifier(verifier)
	if err != nil {
		return err
	}
	if _, err := one.Verify(context.Background(), &envelope); err != nil {
		return err
	}
	body, err := envelope.DecodeB64Payload()
	if err != nil {
		return err
	}
	var statement attestation.Statement
	if err := protojson.Unmarshal(body, &statement); err != nil {
		return err
	}
	if err := statement.Validate(); err != nil {
		return err
	}
	fmt.Println(statement.GetPredicateType(), statement.GetSubject()[0].GetDigest()["sha256"])
	return nil
}

func load(pem []byte) (dsse.Verifier, error) {
	key, err := signerverifier.LoadKey(pem)
	if err != nil {
		return nil, err
	}
	switch key.KeyType {
	case signerverifier.ED25519KeyType:
		return signerverifier.NewED25519SignerVerifierFromSSLibKey(key)
	case signerverifier.ECDSAKeyType:
		return signerverifier.NewECDSASignerVerifierFromSSLibKey(key)
	default:
		return nil, fmt.Errorf("a key of the kind %s", key.KeyType)
	}
}
