// grpc/01 with grpc-go. The stubs are made by protoc-gen-go and protoc-gen-go-grpc.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "exercises/orders/v1"
)

type server struct {
	pb.UnimplementedOrderServiceServer
	mu     sync.Mutex
	orders []*pb.Order
}

func main() {
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LAB_GRPC_ADDR"), "127.0.0.1:50051"))
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	pb.RegisterOrderServiceServer(s, &server{})
	log.Fatal(s.Serve(listener))
}

func (s *server) CreateOrder(_ context.Context, request *pb.CreateOrderRequest) (*pb.CreateOrderResponse, error) {
	for _, item := range request.GetEquipment() {
		// An enum is open: any number can be in it.
		if _, known := pb.Equipment_name[int32(item)]; !known || item == pb.Equipment_EQUIPMENT_UNSPECIFIED {
			return nil, status.Errorf(codes.InvalidArgument, "equipment: %d is no piece", item)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	order := &pb.Order{
		Id:        fmt.Sprint(len(s.orders) + 1),
		CreatedBy: request.GetCreatedBy(),
		Status:    pb.OrderStatus_ORDER_STATUS_QUEUED,
		Equipment: request.GetEquipment(),
		CreatedAt: timestamppb.Now(),
	}
	s.orders = append(s.orders, order)
	return &pb.CreateOrderResponse{Order: order}, nil
}

func (s *server) GetOrder(_ context.Context, request *pb.GetOrderRequest) (*pb.GetOrderResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, order := range s.orders {
		if order.GetId() == request.GetId() {
			return &pb.GetOrderResponse{Order: order}, nil
		}
	}
	return nil, status.Error(codes.NotFound, "there is no such order")
}
